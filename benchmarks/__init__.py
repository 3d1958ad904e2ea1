"""What is measured for the record, longer than a chapter may take."""
