// canon: the command line tool. What it can do is in commands.hpp.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "cli/commands.hpp"
#include "cli/exit_codes.hpp"

namespace {

constexpr const char* kVersion = "canon 0.1.0";

int run_command(int argc, char** argv) {
    CLI::App app(
        "Deterministic, replay-capable simulation scripting: game logic in Lua, run as\n"
        "jobs on any number of workers, with one state hash.",
        "canon");
    app.set_version_flag("--version", kVersion);
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.require_subcommand(1);
    app.footer(canon::cli::kExitCodes);
    int exit_code = canon::cli::kDone;
    canon::cli::add_run(app, exit_code);
    canon::cli::add_record(app, exit_code);
    canon::cli::add_replay(app, exit_code);
    canon::cli::add_verify(app, exit_code);
    canon::cli::add_diff(app, exit_code);
    canon::cli::add_repair(app, exit_code);
    canon::cli::add_cut(app, exit_code);
    canon::cli::add_dump(app, exit_code);
    canon::cli::add_info(app, exit_code);
    canon::cli::add_bench(app, exit_code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& wish) {  // --help, --version
        app.exit(wish);
        return canon::cli::kDone;
    } catch (const CLI::ParseError& error) {
        fmt::print(stderr, "canon: {}\nTry 'canon --help' or 'canon COMMAND --help'.\n",
                   error.what());
        return canon::cli::kUsage;
    }
    return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
    int exit_code = canon::cli::kFailed;
    try {
        exit_code = run_command(argc, argv);
    } catch (const std::exception& error) {
        fmt::print(stderr, "canon: {}\n", error.what());
    }
    // A full disk shows at the latest here; output that is cut short must not count as success.
    const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
    if (!written && exit_code == canon::cli::kDone) {
        fmt::print(stderr, "canon: the output cannot be written; is the disk full?\n");
        exit_code = canon::cli::kFailed;
    }
    return exit_code;
}
