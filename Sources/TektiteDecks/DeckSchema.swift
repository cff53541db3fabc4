import TektiteCore

/// The JSON Schema (draft 2020-12) of decks, for editors that complete and check while one types. It is made from the tables by which decks are decoded.
public func deckSchema() -> String {
  let deck = DeckBody.table.definition
  guard case .object(let members) = deck.1 else { return "{}" }
  let definitions: [(String, JSONValue)] =
    [
      SystemSection.table.definition, BuildSection.table.definition, VelocitiesSection.table.definition,
      NamedPotential.table.definition, CutPairsSection.table.definition, ContactPairsSection.table.definition,
      CutPairsSection.inversePower.definition, ContactPairsSection.harmonic.definition,
      PolydisperseSection.table.definition, FormulaSection.table.definition,
      DiametersSection.table.definition, SwapSection.table.definition,
      PairSection.table.definition, NetworkSection.table.definition, NetworkSection.nequip.definition,
      NetworkSection.sevennet.definition, CommitteeSection.table.definition,
      DefaultsSection.table.definition, MinimizeSection.table.definition,
      DynamicsSection.table.definition, IsoconfigurationalSection.table.definition,
      ConfigurationsSection.table.definition, QuasistaticShearSection.table.definition,
      CageStateSection.table.definition,
      ThermostatSection.table.definition,
      TemperatureSection.table.definition, BarostatSection.table.definition, PressureSection.table.definition,
      ShearSection.table.definition,
      TrajectorySection.table.definition, LogarithmicSection.table.definition, ThermoSection.table.definition,
      CheckpointSection.table.definition, MomentumSection.table.definition, GuardSection.table.definition,
      CertificateSection.table.definition, InherentStructuresSection.table.definition,
    ] + TermSection.tables.map(\.definition) + LadderSection.definitions + ObservableSection.tables.map(\.definition)
  let head: [(String, JSONValue)] = [
    ("$schema", .text("https://json-schema.org/draft/2020-12/schema")), ("title", .text("Tektite deck")),
  ]
  return JSONValue.object(head + members + [("$defs", .object(definitions))]).rendered() + "\n"
}
