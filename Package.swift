// swift-tools-version: 6.2
import PackageDescription

// Kernels are compiled three times from one set of sources (the files in TektiteKernelsBaseline; the two
// other folders hold symbolic links to them) and chosen when the program starts. See docs/decisions.
let kernel: [SwiftSetting] = [
  .enableExperimentalFeature("BuiltinModule"),
  .unsafeFlags(["-Ounchecked", "-enforce-exclusivity=unchecked"]),
]
let lifetimes: [SwiftSetting] = [.enableExperimentalFeature("Lifetimes")]
#if arch(x86_64)
  let v3: [SwiftSetting] = [.define("TEKTITE_AVX2"), .unsafeFlags(["-Xcc", "-march=x86-64-v3"])]
  let v4: [SwiftSetting] = [
    .define("TEKTITE_AVX512"),
    .unsafeFlags(["-Xcc", "-march=x86-64-v4", "-Xcc", "-mprefer-vector-width=512"]),
  ]
#else
  let v3: [SwiftSetting] = []
  let v4: [SwiftSetting] = []
#endif

// An incremental build sees changes below an umbrella only where the modules are named one by one.
let umbrella: [Target.Dependency] = [
  "Tektite", "TektiteCore", "TektitePotentials", "TektiteTrajectories", "TektiteDynamics", "TektiteAnalysis",
  "TektiteDecks",
]

let package = Package(
  name: "tektite",
  products: [
    .library(name: "Tektite", targets: ["Tektite"]),
    .library(name: "TektiteIrreps", targets: ["TektiteIrreps"]),
    .library(name: "TektiteTestSupport", targets: ["TektiteTestSupport"]),
    .executable(name: "tektite", targets: ["TektiteCLI"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(name: "CX86"),
    .systemLibrary(name: "CNetCDF", pkgConfig: "netcdf", providers: [.apt(["libnetcdf-dev"])]),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .target(name: "TektiteLinearAlgebra", dependencies: ["COpenBLAS"]),
    .target(name: "TektiteLayouts"),
    .target(name: "TektiteKernelsBaseline", dependencies: ["TektiteLayouts", "CX86"], swiftSettings: kernel),
    .target(name: "TektiteKernelsV3", dependencies: ["TektiteLayouts", "CX86"], swiftSettings: kernel + v3),
    .target(name: "TektiteKernelsV4", dependencies: ["TektiteLayouts", "CX86"], swiftSettings: kernel + v4),
    .target(
      name: "TektiteKernels",
      dependencies: ["TektiteLayouts", "TektiteKernelsBaseline", "TektiteKernelsV3", "TektiteKernelsV4", "CX86"],
      swiftSettings: lifetimes),
    .target(name: "TektiteCore", dependencies: ["TektiteKernels"], swiftSettings: lifetimes),
    .target(name: "TektitePotentials", dependencies: ["TektiteCore"], swiftSettings: lifetimes),
    .target(name: "TektiteIrreps"),
    .target(name: "TektiteModelFiles"),
    .target(
      name: "TektiteEquivariant",
      dependencies: ["TektiteKernels", "TektiteCore", "TektiteIrreps", "TektiteModelFiles"], swiftSettings: lifetimes),
    .target(name: "TektiteTrajectories", dependencies: ["TektiteCore", "CNetCDF"]),
    .target(
      name: "TektiteDynamics", dependencies: ["TektiteCore", "TektiteTrajectories"], swiftSettings: lifetimes),
    .target(
      name: "TektiteAnalysis",
      dependencies: ["TektiteCore", "TektiteTrajectories", "TektiteDynamics", "TektiteIrreps", "TektiteLinearAlgebra"]),
    .target(
      name: "TektiteDecks",
      dependencies: [
        "TektiteCore", "TektitePotentials", "TektiteModelFiles", "TektiteEquivariant", "TektiteTrajectories",
        "TektiteDynamics", "TektiteAnalysis",
        .product(name: "Yams", package: "Yams"),
      ]),
    .target(
      name: "Tektite",
      dependencies: [
        "TektiteCore", "TektitePotentials", "TektiteTrajectories", "TektiteDynamics", "TektiteAnalysis", "TektiteDecks",
      ]),
    .executableTarget(
      name: "TektiteCLI",
      dependencies: umbrella + [
        "TektiteKernels", "TektiteModelFiles", "TektiteEquivariant",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(name: "CAllocationCount"),
    .target(
      name: "TektiteTestSupport", dependencies: ["TektiteCore", "TektitePotentials", "CAllocationCount"],
      swiftSettings: lifetimes),
    .testTarget(name: "TektiteKernelsTests", dependencies: ["TektiteKernels", "TektiteIrreps", "TektiteTestSupport"]),
    .testTarget(name: "TektiteLinearAlgebraTests", dependencies: ["TektiteLinearAlgebra"]),
    .testTarget(name: "TektiteCoreTests", dependencies: ["TektiteCore", "TektiteTestSupport"]),
    .testTarget(name: "TektitePotentialsTests", dependencies: ["TektitePotentials", "TektiteTestSupport"]),
    .testTarget(name: "PotentialConformanceTests", dependencies: ["TektitePotentials", "TektiteTestSupport"]),
    .testTarget(
      name: "TektiteIrrepsTests", dependencies: ["TektiteIrreps"], exclude: ["Fixtures", "make-fixtures.py"]),
    .testTarget(
      name: "TektiteModelFilesTests", dependencies: ["TektiteModelFiles", "TektiteTestSupport"],
      exclude: ["fixtures", "make-fixtures.py", "real.json"]),
    .testTarget(
      name: "TektiteEquivariantTests", dependencies: ["TektiteEquivariant", "TektiteTestSupport"],
      exclude: [
        "fixtures", "make-fixtures.py", "make-nequip-fixtures.py", "make-sevennet-fixtures.py", "real.json",
        "sevennet-real.json", "strained.py", "structures.py",
      ]),
    .testTarget(name: "TektiteTrajectoriesTests", dependencies: ["TektiteTrajectories", "TektiteTestSupport"]),
    .testTarget(
      name: "TektiteAnalysisTests", dependencies: ["TektiteAnalysis", "TektiteTestSupport"],
      exclude: [
        "correlations.py", "fixtures", "make-descriptor-fixtures.py", "make-fit-fixtures.py", "make-fixtures.py",
        "make-motion-fixtures.py", "make-nonaffine-fixtures.py", "make-planar-fixtures.py", "peers.py", "statics.py",
      ]),
    .testTarget(
      name: "TektiteDynamicsTests", dependencies: umbrella + ["TektiteLinearAlgebra", "TektiteTestSupport"]),
    .testTarget(
      name: "TektiteDecksTests", dependencies: ["TektiteDecks", "TektiteEquivariant", "TektiteTestSupport"],
      exclude: ["good", "bad"]),
    .testTarget(name: "PhysicsTests", dependencies: umbrella + ["TektiteTestSupport"]),
    .testTarget(name: "FuzzTests", dependencies: umbrella + ["TektiteTestSupport"]),
    .testTarget(
      name: "CommandTests", dependencies: umbrella + ["TektiteCLI", "TektiteTestSupport"], exclude: ["Snapshots"]),
  ],
  swiftLanguageModes: [.v6]
)
