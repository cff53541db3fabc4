#pragma once
#if !__has_include(<netcdf.h>)
#error "netcdf.h is missing: install it with  apt-get install libnetcdf-dev"
#endif
#include <netcdf.h>
