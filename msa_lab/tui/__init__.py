"""The live view: screens over an event log. Nothing here is imported unless the view is opened."""
