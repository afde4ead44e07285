"""`giftstream` with a repartition of small transactions: slow enough to be killed while it copies."""

from app.cli import main
from app.repartition import copier

if __name__ == "__main__":
    copier.RECORDS = 200  # type: ignore[misc]
    main()
