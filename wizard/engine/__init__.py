"""The conductor: pure, it states requests and takes replies; what decides stands in the trees."""
