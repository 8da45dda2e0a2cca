#include <libpq-fe.h>
#include <spawn.h>

// The C library has these, but shows them only to programs that ask for its extensions, which Swift's own module does not.
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
extern int pipe2(int ends[2], int flags);
enum { bursar_spawn_new_session = 0x80 /* POSIX_SPAWN_SETSID */ };
