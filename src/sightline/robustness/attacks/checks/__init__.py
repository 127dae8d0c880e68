"""What must hold of attacks for their numbers to mean anything; one that fails marks all of them untrusted."""
