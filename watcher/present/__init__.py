"""What people are shown: status, files, menu, notifications, reports. Pure."""
