// `microdot [--host HOST] [--port PORT] [FILE]` is for boards/modules/unix/launch.py; with other
// options first, the program is MicroPython as it always is.

#include <stdlib.h>

int micropython_main(int argc, char **argv); // see mpconfigvariant.mk

int main(int argc, char **argv) {
    if (argc > 1 && argv[1][0] == '-' && argv[1][1] != '-') {
        return micropython_main(argc, argv);
    }
    char **arguments = calloc(argc + 3, sizeof(char *));
    if (arguments == NULL) {
        return 1;
    }
    arguments[0] = argv[0];
    arguments[1] = "-m";
    arguments[2] = "launch";
    for (int i = 1; i < argc; i++) {
        arguments[i + 2] = argv[i];
    }
    return micropython_main(argc + 2, arguments);
}
