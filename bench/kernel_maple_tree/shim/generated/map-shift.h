/* bench: what include/linux/xarray.h asks for. */
#define XA_CHUNK_SHIFT 6
