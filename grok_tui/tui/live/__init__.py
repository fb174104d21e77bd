"""The live screen: parameters beside charts, while the run goes on."""
