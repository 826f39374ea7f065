#include "canon/error.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <csignal>
#include <cstdio>
#include <string>

namespace canon {
namespace {

struct Ending {
    int status = 0;
    std::string text;  // what went to stderr
};

// Runs `call` in a process of its own, since an assertion ends it.
template <class Call>
Ending ending_of(Call call) {
    int pipe_ends[2];
    BOOST_TEST_REQUIRE(pipe(pipe_ends) == 0);
    std::fflush(nullptr);  // or the child would print it too
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGABRT, SIG_DFL);
        dup2(pipe_ends[1], STDERR_FILENO);
        close(pipe_ends[0]);
        call();
        _exit(0);
    }
    close(pipe_ends[1]);
    Ending ending;
    char part[256];
    for (ssize_t count; (count = read(pipe_ends[0], part, sizeof part)) > 0;)
        ending.text.append(part, static_cast<std::size_t>(count));
    close(pipe_ends[0]);
    waitpid(child, &ending.status, 0);
    return ending;
}

bool aborted(const Ending& ending) {
    return WIFSIGNALED(ending.status) && WTERMSIG(ending.status) == SIGABRT;
}

BOOST_AUTO_TEST_SUITE(core_error)

BOOST_AUTO_TEST_CASE(a_broken_promise_says_what_and_where_and_aborts) {
    const Ending ending =
        ending_of([] { CANON_ASSERT(2 + 2 == 5, "numbers are as we know them"); });
    BOOST_TEST(aborted(ending));
    BOOST_TEST(ending.text.find("core_error.cpp:") != std::string::npos, ending.text);
    BOOST_TEST(ending.text.find("2 + 2 == 5: numbers are as we know them") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_kept_promise_does_nothing) {
    const Ending ending = ending_of([] { CANON_ASSERT(2 + 2 == 4, ""); });
    BOOST_TEST(ending.status == 0);
    BOOST_TEST(ending.text.empty());
}

BOOST_AUTO_TEST_CASE(the_handler_of_a_host_is_called_instead) {
    const Ending ending = ending_of([] {
        const AssertHandler before =
            set_assert_handler([](const char*, const char* explanation, const char*, int) {
                _exit(explanation == std::string("for the host") ? 17 : 18);
            });
        if (before == nullptr) _exit(19);
        CANON_ASSERT(false, "for the host");
    });
    BOOST_TEST((WIFEXITED(ending.status) && WEXITSTATUS(ending.status) == 17));
}

BOOST_AUTO_TEST_CASE(a_handler_that_returns_aborts_all_the_same) {
    const Ending ending = ending_of([] {
        set_assert_handler([](const char*, const char*, const char*, int) {});
        CANON_ASSERT(false, "");
    });
    BOOST_TEST(aborted(ending));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
