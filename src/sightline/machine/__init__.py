"""The machine a command is on: cores, memory, device, processes, signals, the terminal, and the record of it all."""
