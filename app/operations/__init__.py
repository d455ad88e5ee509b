"""What can be done: one verb a file, one call one transaction (`perform` alone spans more). The listing is the feature list."""
