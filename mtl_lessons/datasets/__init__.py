"""Three public data sets that papers on multi-task learning use, from their
original sources.

- `census_income`: UCI Census-Income (KDD), 299,285 people; the usual tasks are
  income and marital status. Source: UCI Machine Learning Repository (2000),
  https://doi.org/10.24432/C5N30T, licence CC BY 4.0: name it where you use it.
- `movielens`: MovieLens 100K and 1M, ratings of films. Source: GroupLens; F. M.
  Harper and J. A. Konstan (2015), The MovieLens Datasets: History and Context,
  https://doi.org/10.1145/2827872. For research; to be cited, and not to be
  passed on or used commercially without asking GroupLens.
- `kuairand`: KuaiRand-Pure, a log of a video app with nine 0/1 signals a row,
  1.2 million of its rows shown at random. Source: C. Gao et al. (2022),
  KuaiRand, https://doi.org/10.1145/3511808.3557624, licence CC BY-SA 4.0.

Each is downloaded once into `cache_folder()` and checked at every use.
GroupLens publishes checksums of MovieLens, Zenodo an MD5 of KuaiRand, which finds
a damaged file and not a forged one; UCI none of the census data. What is known
there is the SHA-256 of the test part, from a gzipped copy of 1997: an
archive without that part is refused. The training part beside it is trusted as
first found: the SHA-256 of the archive is written down, which guards against
later change, not against a wrong first copy. Without a network, give `path=` a
copy of your own, which is not held against any checksum. What goes wrong raises
`DatasetError` and leaves no half file behind.
"""

from .census import (
    CENSUS_COLUMNS,
    CENSUS_NUMBERS,
    CENSUS_PARTS,
    CENSUS_TEST_SHA256,
    CENSUS_URL,
    census_income,
)
from .download import DatasetError, cache_folder, fetch
from .kuairand import (
    KUAIRAND_COLUMNS,
    KUAIRAND_LABELS,
    KUAIRAND_PARTS,
    KUAIRAND_ROWS,
    KUAIRAND_URL,
    kuairand,
)
from .movielens import GENRES, MOVIELENS, MovieLens, movielens

__all__ = [
    "CENSUS_COLUMNS",
    "CENSUS_NUMBERS",
    "CENSUS_PARTS",
    "CENSUS_TEST_SHA256",
    "CENSUS_URL",
    "DatasetError",
    "GENRES",
    "KUAIRAND_COLUMNS",
    "KUAIRAND_LABELS",
    "KUAIRAND_PARTS",
    "KUAIRAND_ROWS",
    "KUAIRAND_URL",
    "MOVIELENS",
    "MovieLens",
    "cache_folder",
    "census_income",
    "fetch",
    "kuairand",
    "movielens",
]
