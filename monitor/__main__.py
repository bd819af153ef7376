"""`python -m monitor`: hands over to the command line, and does nothing else."""

from monitor.cli import main

if __name__ == "__main__":
    main()
