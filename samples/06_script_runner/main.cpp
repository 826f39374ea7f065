// A host with a main loop of its own and no Canon world: scripts run on workers, call one of its
// functions, ask its main thread, and hand their results back in order.
#include <cmath>
#include <cstdio>

#include "canon/json.hpp"
#include "canon/script_runner.hpp"

// Pure, so it runs on the workers, within the job.
double distance(double x, double y) { return std::sqrt(x * x + y * y); }

// What scripts ask of the main thread; drain() calls it.
struct Game : canon::ScriptHost {
    std::int64_t gold = 100;

    canon::Value call(const canon::Key& function, const canon::Value& data) override {
        if (function != canon::Key("pay")) throw canon::Error("there is no such function");
        if (data.as_integer() > gold) throw canon::Error("not enough gold");
        return gold -= data.as_integer();
    }
};

void print(void* name, const canon::ScriptResult& result) {
    std::printf(
        "%s: %s\n", static_cast<const char*>(name),
        result.ok() ? canon::to_json(result.value()).c_str() : result.fault->message.c_str());
}

int main() {
    Game game;
    canon::ScriptRunner runner;
    runner.add_function("geometry", "distance", &distance, {"x", "y"});
    canon::ScriptRunnerOptions options;
    options.host = &game;
    runner.init(options);

    canon::ScriptJob job;
    job.callback = print;
    const auto enqueue = [&](const char* name, const char* text, const canon::Arguments& given) {
        job.context = const_cast<char*>(name);
        runner.enqueue_script(text, given, job);
    };
    enqueue("far", "local x, y = ... return geometry.distance(x, y)", {3, 4.0});
    enqueue("sum", "local s = 0 for i = 1, ... do s = s + i end return s", {1000});
    for (const char* buyer : {"first buyer", "second buyer"})
        enqueue(buyer, "return engine.call('pay', ...)", {60});
    enqueue("wrong", "return geometry.distance('here')", {});
    enqueue("endless", "while true do end", {});

    runner.drain();  // once a frame, at a point of the host's choosing
    runner.deinit(canon::ScriptRunner::Pending::finish);
}
