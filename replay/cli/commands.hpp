// Commands of the canon tool. Each adds its subcommand to the tool's parser; when that is called,
// it runs and leaves its exit code.
#pragma once
#include <CLI/CLI.hpp>

namespace canon::cli {

/// canon run: runs a program for a number of frames and shows its hashes.
void add_run(CLI::App& app, int& exit_code);
/// canon record: the same, recorded into a file.
void add_record(CLI::App& app, int& exit_code);
/// canon replay: plays a recording and compares every hash.
void add_replay(CLI::App& app, int& exit_code);
/// canon verify: plays recordings on all cores and tells of each whether every hash is the same.
void add_verify(CLI::App& app, int& exit_code);
/// canon diff: where two recordings part.
void add_diff(CLI::App& app, int& exit_code);
/// canon repair: writes a clean file of what is whole in a damaged recording.
void add_repair(CLI::App& app, int& exit_code);
/// canon cut: writes a range of a recording as a file of its own.
void add_cut(CLI::App& app, int& exit_code);
/// canon dump: writes what is in a recording as JSON lines.
void add_dump(CLI::App& app, int& exit_code);
/// canon info: tells the fingerprint of this build and machine, or what a recording is.
void add_info(CLI::App& app, int& exit_code);
/// canon bench: measures this build on this machine.
void add_bench(CLI::App& app, int& exit_code);

}  // namespace canon::cli
