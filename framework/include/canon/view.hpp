// View: Lua beside a simulation, for user interface, editor tools and effects.
//
// A view script is ordinary Lua in a state that lasts. It reads the last committed world, is told
// what each frame has changed, and can change the simulation by inputs alone: `engine.input(data)`
// asks for one, and the host hands it to `step` like any player's. So no hash depends on whether
// there is a view, or on what it does.
//
//   on_start(config)   once
//   on_frame(frame)    for each `update`
//   engine.get, at, alive, each, count, near, where, frame: as in a job
//   engine.effects([template])  iterates over kind ("spawn", "destroy", "set"), id, field, value
//                               after, value before, and cell (of an array) of each change since
//                               the last on_frame
//   engine.input(data), engine.log(level, text), print
//
// Threads: all members are for the thread that steps the simulation.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "canon/fault.hpp"
#include "canon/host_function.hpp"
#include "canon/program.hpp"
#include "canon/sandbox.hpp"
#include "canon/simulation.hpp"
#include "canon/value.hpp"

namespace canon {

struct ViewOptions {
    std::shared_ptr<const Program> program;
    std::string module = "main";  ///< of the program: runs first
    Sandbox sandbox = {Sandbox::Level::view, {}};
    Value config = {};
    std::uint32_t source = 1000;  ///< of its inputs
    /// The script runs on a thread of its own, which reads a snapshot of the world while the
    /// simulation goes on. Else `update` runs it.
    bool own_thread = false;
    std::string thread_name = "canon view";
    std::size_t memory_bytes = std::size_t{256} << 20;
    /// A call that takes longer is a fault. 0: there is no limit.
    std::int64_t call_milliseconds = 1000;
    /// Functions of the host, by name; see canon/host_function.hpp. With `own_thread` pure ones
    /// alone.
    std::vector<HostFunction> functions = {};
};

class View {
  public:
    /// Runs the module and on_start. The simulation records effects from here on.
    /// Borrows: `simulation`.
    /// Fails: throws canon::Error if the module cannot be loaded, or for a function that the view's
    /// thread must not call. A fault of on_start is among `take_faults`.
    View(Simulation& simulation, ViewOptions options);
    /// Waits for the call under way on its thread.
    ~View();
    View(const View&) = delete;
    View& operator=(const View&) = delete;

    /// Shows the frame that was committed last: on_frame is called. On a thread of its own it is
    /// called soon; a view that is slower than the simulation gets several frames' effects at once,
    /// and the last one's world.
    /// Call: after each `step`, before the world changes otherwise.
    void update();
    /// Calls a global function of the script, as for a key that was pressed, and returns what it
    /// returns; nil where it fails. A view on its own thread is waited for.
    Value call(std::string_view function, const List& arguments = {});
    /// Waits until the view has seen all updates.
    void finish();

    /// The inputs asked for since the last call, numbered in the order in which they were.
    std::vector<Input> take_inputs();
    std::vector<LogEntry> take_log();
    std::vector<Fault> take_faults();

  private:
    class Inside;
    std::unique_ptr<Inside> inside_;
};

}  // namespace canon
