mod generators;
