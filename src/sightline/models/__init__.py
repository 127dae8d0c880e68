"""Networks, their learned weights, their layer groups and the freezing of them."""
