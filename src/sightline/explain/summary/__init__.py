"""Where a model looks over many images: mean maps, shares of places, alarms for border and corners, objects."""
