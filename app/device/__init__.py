"""What differs between phone, browser and desk: data folder, keys, sealing, clocks, position, camera, dialling."""
