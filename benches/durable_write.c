/* The yardstick for a start: writes BADGE durably, as a keeper must, and does nothing else. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(void)
{
    int file = open(".current-badge.jwt.tmp", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 || write(file, BADGE, sizeof BADGE - 1) != sizeof BADGE - 1 || fchmod(file, 0600) || fsync(file)
        || rename(".current-badge.jwt.tmp", "current-badge.jwt"))
        return 1;
    int directory = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return directory < 0 || fsync(directory);
}
