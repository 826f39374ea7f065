// An editor-like host: a view script has the user interface, reads the world as it was committed
// last, and asks for changes by inputs. With --no-editor the same inputs come from here: the hash
// is the same, since a view leaves no trace.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "canon/hash.hpp"
#include "canon/view.hpp"

int main(int argc, char** argv) {
    std::uint64_t frames = 40;
    bool no_editor = false;
    canon::SimulationOptions options;
    std::string expected;
    CLI::App app("An editor whose user interface is a view script");
    app.add_option("--frames", frames);
    app.add_option("--workers", options.workers);
    app.add_option("--seed", options.seed);
    app.add_option("--expect-hash", expected);
    app.add_flag("--no-editor", no_editor);
    CLI11_PARSE(app, argc, argv);
    try {
        const auto program = canon::Program::from_path("samples/09_editor");
        canon::Simulation simulation(program, options);
        std::unique_ptr<canon::View> editor;
        if (!no_editor) {
            canon::ViewOptions view{.program = program, .module = "editor"};
            view.config = canon::Map{{"title", "a small forest"}};
            editor = std::make_unique<canon::View>(simulation, view);
        }
        std::vector<canon::Input> inputs;
        while (simulation.frame().value < frames) {
            simulation.step(inputs);
            inputs.clear();
            const std::uint64_t frame = simulation.frame().value;
            if (!editor) {
                if (frame == 10)
                    inputs.push_back({1000, 1, canon::Map{{"kind", "fell"}, {"tree", 23}}});
                if (frame == 20)
                    inputs.push_back(
                        {1000, 2, canon::Map{{"kind", "plant"}, {"x", 50.0}, {"y", 50.0}}});
                continue;
            }
            editor->update();
            // What a user does.
            if (frame == 5) fmt::print("{}\n", editor->call("click", {32.0, 21.0}).as_string());
            if (frame == 10) editor->call("key", {"delete"});
            if (frame == 20) editor->call("key", {"p"});
            inputs = editor->take_inputs();
            for (const canon::LogEntry& entry : editor->take_log()) fmt::print("{}\n", entry.text);
            for (const canon::Fault& fault : editor->take_faults())
                fmt::print("the editor: {}\n", fault.message);
        }
        if (editor) fmt::print("{}\n", editor->call("status").as_string());
        const std::string hash = canon::hash_text(simulation.state_hash());
        fmt::print("state hash {}\n", hash);
        return expected.empty() || expected == hash ? 0 : 4;
    } catch (const canon::Error& error) {
        fmt::print(stderr, "{}\n", error.what());
        return 3;
    }
}
