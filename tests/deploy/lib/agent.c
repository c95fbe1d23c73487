/* The agent of tests/deploy/child: a static program that reports what a child of the keeper sees, one line per event.
 * agent serve         prints its badge; counts SIGINT, ends by SIGTERM with status 7 and by SIGQUIT with 8
 * agent exit N        ends with status N
 * agent kill N        ends by signal N
 * agent orphans N     makes N orphans which end at once, then serves */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void print_badge(void)
{
    const char *path = getenv("BADGE_FILE");
    FILE *file = path ? fopen(path, "r") : NULL;
    char badge[8192] = "";
    if (file)
        fgets(badge, sizeof badge, file);
    printf("agent: pid %d, file %s, badge %s\n", getpid(), path ? path : "none", badge);
}

static int serve(void)
{
    sigset_t set;
    siginfo_t info;
    int interrupts = 0;
    sigfillset(&set);
    sigdelset(&set, SIGTSTP);
    sigdelset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    print_badge();
    for (;;) {
        if (sigwaitinfo(&set, &info) < 0)
            continue;
        if (info.si_signo == SIGINT)
            interrupts++;
        printf("agent: %s from ", sigabbrev_np(info.si_signo));
        if (info.si_code == SI_KERNEL)
            printf("the kernel");
        else
            printf("process %d", info.si_pid);
        printf(", %d interrupts\n", interrupts);
        if (info.si_signo == SIGTERM)
            return 7;
        if (info.si_signo == SIGQUIT)
            return 8;
    }
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "serve";
    int number = argc > 2 ? atoi(argv[2]) : 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (strcmp(mode, "exit") == 0)
        return number;
    if (strcmp(mode, "kill") == 0) {
        raise(number);
        pause();
    }
    if (strcmp(mode, "orphans") == 0) {
        for (int i = 0; i < number; i++) {
            pid_t child = fork();
            if (child == 0) {
                if (fork() == 0)
                    usleep(1000 * i);
                _exit(0);
            }
            waitpid(child, NULL, 0);
        }
        printf("agent: made %d orphans\n", number);
    }
    return serve();
}
