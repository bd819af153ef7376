"""From a due source to committed alerts: `poll` is one poll, step by step; `folders` says when folders are read."""
