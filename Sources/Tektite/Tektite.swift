@_exported import TektiteAnalysis
@_exported import TektiteCore
@_exported import TektiteDecks
@_exported import TektiteDynamics
@_exported import TektitePotentials
@_exported import TektiteTrajectories
