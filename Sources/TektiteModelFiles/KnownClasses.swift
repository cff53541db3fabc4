/// Which names in a pickle mean something to a reader of models.
///
/// Safety does not hang on this list, for no class is ever looked up and no function is ever called. The list makes sure that a file of another
/// kind, or of a newer architecture, is refused by name instead of half understood.
enum KnownClasses {
  enum Verdict { case known, foreign, dangerous }

  /// The full name with the spellings of Python 2 and of numpy 2 made equal to the usual ones.
  static func normalized(module: String, name: String) -> String {
    var module = module
    switch module {
    case "__builtin__": module = "builtins"
    case "copy_reg": module = "copyreg"
    default:
      if module == "numpy._core" || module.hasPrefix("numpy._core.") { module = "numpy.core" + module.dropFirst(11) }
    }
    return module + "." + name
  }

  static func verdict(_ name: String) -> Verdict {
    if names.contains(name) || prefixes.contains(where: { name.hasPrefix($0) }) { return .known }
    if dangerousNames.contains(name) || dangerousPrefixes.contains(where: { name.hasPrefix($0) }) { return .dangerous }
    return .foreign
  }

  /// Names that the tools of MACE, SevenNet and NequIP write.
  static let names: Set<String> = {
    var names: Set<String> = [
      "_codecs.encode", "collections.OrderedDict", "collections.defaultdict", "copyreg._reconstructor",
      "numpy.dtype", "numpy.ndarray", "numpy.core.multiarray.scalar", "numpy.core.multiarray._reconstruct",
      "numpy.core.numeric._frombuffer",
      "torch.Size", "torch.device", "torch.nn.parameter.Parameter", "torch.Tensor", "torch.strided",
      "torch.per_tensor_affine",
      "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3",
      "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
      "torch._tensor._rebuild_from_type_v2",
      "torch.nn.functional.silu", "torch.nn.functional.sigmoid", "torch.nn.functional.softplus",
      "torch.nn.functional.gelu",
      "torch.tanh", "torch.abs", "torch.relu", "torch.sigmoid",
      "torch.fx._symbolic_trace.Tracer", "torch.fx.graph_module.reduce_graph_module",
      "torch.fx.graph_module.reduce_package_graph_module",
      "pathlib.Path", "pathlib.PosixPath", "builtins.getattr", "torch._C._VariableFunctionsClass",
    ]
    for type in [
      "dict", "list", "tuple", "set", "frozenset", "bytes", "bytearray", "slice", "complex", "int", "float", "str",
      "bool", "object",
    ] { names.insert("builtins.\(type)") }
    for type in ["Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool"] {
      names.insert("torch.\(type)Storage")
    }
    names.insert("torch.storage.UntypedStorage")
    for type in ScalarType.allCases { names.insert("torch.\(type.rawValue)") }
    for block in [
      "AtomicEnergiesBlock", "EquivariantProductBasisBlock", "LinearNodeEmbeddingBlock", "LinearReadoutBlock",
      "NonLinearReadoutBlock", "NonLinearBiasReadoutBlock", "RadialEmbeddingBlock", "ScaleShiftBlock",
      "RealAgnosticInteractionBlock",
      "RealAgnosticResidualInteractionBlock", "RealAgnosticDensityInteractionBlock",
      "RealAgnosticDensityResidualInteractionBlock", "RealAgnosticAttResidualInteractionBlock",
      "RealAgnosticResidualNonLinearInteractionBlock", "ResidualElementDependentInteractionBlock",
      "AgnosticNonlinearInteractionBlock", "AgnosticResidualNonlinearInteractionBlock",
    ] { names.insert("mace.modules.blocks.\(block)") }
    for radial in [
      "BesselBasis", "GaussianBasis", "ChebychevBasis", "PolynomialCutoff", "AgnesiTransform", "SoftTransform",
      "ZBLBasis",
      "RadialMLP",
    ] { names.insert("mace.modules.radial.\(radial)") }
    for name in [
      "models.MACE", "models.ScaleShiftMACE", "irreps_tools.reshape_irreps",
      "symmetric_contraction.SymmetricContraction",
      "symmetric_contraction.Contraction", "symmetric_contraction.EmptyParam", "gate.GatedEquivariantBlock",
    ] { names.insert("mace.modules.\(name)") }
    return names
  }()

  /// Packages of layers whose classes are many and mean what their names say.
  static let prefixes = [
    "torch.nn.modules.", "e3nn.o3.", "e3nn.nn.", "e3nn.math.", "e3nn.util.", "nequip.nn.", "nequip.model.",
    "nequip.data.",
  ]

  /// What only a file that wants to run something names.
  private static let dangerousNames: Set<String> = Set(
    ["eval", "exec", "execfile", "compile", "open", "__import__", "setattr", "apply", "input", "breakpoint"]
      .map { "builtins.\($0)" } + ["torch.load", "torch.hub.load"])
  private static let dangerousPrefixes = [
    "os.", "posix.", "nt.", "sys.", "subprocess.", "shutil.", "socket.", "runpy.", "importlib.", "pty.", "commands.",
    "ctypes.",
    "webbrowser.", "code.", "codeop.", "pdb.", "timeit.", "multiprocessing.", "threading.", "asyncio.", "urllib.",
    "http.", "pickle.",
    "_pickle.", "marshal.", "platform.", "tempfile.", "builtins.__",
  ]
}
