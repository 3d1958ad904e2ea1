"""The built site in a headless Chromium, with the network off."""
