"""What some trainings add to the loop: a teacher, kept features, averages of epochs, compiling, profiling."""
