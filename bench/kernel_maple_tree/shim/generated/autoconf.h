/* bench: the configuration that lib/maple_tree.c asks for. Without it nodes would be those of 32
 * bits. */
#define CONFIG_64BIT 1
