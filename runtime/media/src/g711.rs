//! G.711: mu-law and A-law by tables of our own (ITU-T G.711, tables 1 and 2).
