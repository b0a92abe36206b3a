/// Nothing to call: the package brings Android resources and manifest entries only.
library;
