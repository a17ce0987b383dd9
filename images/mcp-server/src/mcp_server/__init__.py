"""The basketball lake's gold layer, for language models: a server of the Model Context Protocol."""
