"""The outside world coming in: feeds over HTTP, and folders. What is fetched is handed on as it came."""
