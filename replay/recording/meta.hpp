// Meta: what a reader must know before the frames: the program, what it was started with, and the
// build that ran it. The payload of META chunks.
//
// A canonical map with named fields, so that a reader of today reads what one of tomorrow adds, and
// says by name what it lacks. docs/RECORDING.md lists the fields.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "canon/bytes.hpp"
#include "canon/fingerprint.hpp"
#include "canon/program.hpp"
#include "canon/simulation.hpp"

namespace canon::replay {

struct Levels {
    ActionRecord actions = ActionRecord::all;
    bool effects = false;
};

/// Of a function of the recorded simulation's host.
struct HostFunctionName {
    std::string module;
    std::string name;
    bool is_external = false;  ///< its answers are recorded: a replay does not need it
    friend bool operator==(const HostFunctionName&, const HostFunctionName&) = default;
};

struct Meta {
    std::vector<Module> modules;
    std::uint64_t program_digest = 0;
    std::uint64_t seed = 1;
    Value config = Map{};
    Limits limits{};
    bool needs_exact = false;
    SimulationMode mode = SimulationMode::exact;
    Fingerprint fingerprint{};
    std::uint64_t schema_digest = 0;
    std::vector<std::string> host_handlers{};
    std::vector<std::string> host_states{};
    std::vector<HostFunctionName> host_functions{};
    Levels levels{};
    /// Not compared: "skirmish", for people.
    std::string program_name{};
    double frames_per_second = 60;
};

/// What a reload changes.
void note_program(Meta& meta, const Simulation& simulation);
Meta meta_of(const Simulation& simulation, const Simulation::Host& host, const Levels& levels);
void write_meta(Bytes& out, const Meta& meta);
/// Fails: throws canon::Error that names the field that is missing or malformed, or that the
/// recording needs a newer reader.
Meta read_meta(std::span<const std::uint8_t> payload);

/// The program inside. Fails: throws canon::Error where its digest is not the one that is told.
std::shared_ptr<const Program> program_of(const Meta& meta);
/// Those that are not the defaults, by name.
std::vector<std::pair<std::string, std::uint64_t>> changed_limits(const Limits& limits);
/// How the simulation that was recorded was started; with all of this machine's cores.
SimulationOptions options_of(const Meta& meta);

}  // namespace canon::replay
