"""Numbers from arrays: scores, calibration errors, intervals. No torch."""
