// Vectors, matrices, buffers and threads are part of this module's interface.
@_exported import TektiteKernels
