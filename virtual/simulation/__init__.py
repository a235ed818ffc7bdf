"""The whole system in one process and one thread, everything by one seed: kiosks, server, staff, residents.

The stores are real files, the sync and apply code is the product's. What is not real: time, ids, the network
and the moment at which something breaks.
"""
