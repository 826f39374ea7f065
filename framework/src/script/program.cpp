#include "canon/program.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "canon/error.hpp"
#include "canon/hash.hpp"
#include "script/compiler.hpp"

namespace canon {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
    if (fs::file_size(path) > script::kMaxSource)
        throw Error(path.string() +
                    " is larger than 16 MiB, which is no Lua module; keep data in other files");
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (!in.good() && !in.eof()) throw Error("cannot read " + path.string());
    return text;
}

// Nothing for a file that no `require` could name, since a dot stands for a folder.
std::string module_name(const fs::path& relative) {
    std::string name;
    const fs::path plain = fs::path(relative).replace_extension();
    for (const fs::path& part : plain) {
        const std::string text = part.string();
        if (text.find('.') != std::string::npos) return {};
        name += (name.empty() ? "" : ".") + text;
    }
    return name;
}

}  // namespace

std::string module_file(std::string_view name) {
    std::string file(name);
    std::replace(file.begin(), file.end(), '.', '/');
    return file + ".lua";
}

Value value_of(std::span<const Module> modules) {
    List list;
    for (const Module& module : modules)
        list.push_back(
            Map{{"name", module.name}, {"source", module.source}, {"file", module.file}});
    return list;
}

std::vector<Module> modules_of(const Value& value) {
    if (value.type() != Value::Type::list) throw Error("the modules of a program are no list");
    std::vector<Module> modules;
    for (const Value& entry : value.as_list()) {
        const auto text = [&](const char* name) {
            const Value* found = entry.type() == Value::Type::map
                                     ? entry.as_map().find(Key(std::string_view(name)))
                                     : nullptr;
            if (found == nullptr || found->type() != Value::Type::string)
                throw Error(std::string("a module has no text '") + name + "'");
            return found->as_string();
        };
        modules.push_back({text("name"), text("source"), text("file")});
    }
    return modules;
}

std::shared_ptr<const Program> Program::from_path(const fs::path& path) {
    fs::path folder = path;
    fs::path main = "main.lua";
    std::vector<Module> modules;
    try {
        if (!fs::exists(path)) throw Error("there is no program at " + path.string());
        if (!fs::is_directory(path)) {
            if (path.extension() != ".lua")
                throw Error(path.string() +
                            " is no program: give a folder with a main.lua, or a .lua file");
            main = path.filename();
            folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
        } else if (!fs::exists(path / main)) {
            throw Error("the folder " + path.string() + " has no main.lua");
        }
        if (main != "main.lua")  // a program of one file
            return from_modules({{"main", read_file(path), main.generic_string()}});
        for (auto it = fs::recursive_directory_iterator(folder);
             it != fs::recursive_directory_iterator(); ++it) {
            const fs::path file = it->path();
            if (file.filename().string().starts_with('.')) {
                if (it->is_directory()) it.disable_recursion_pending();
                continue;
            }
            if (!it->is_regular_file() || file.extension() != ".lua") continue;
            const fs::path relative = file.lexically_relative(folder);
            std::string name = module_name(relative);
            if (name.empty()) continue;
            modules.push_back({std::move(name), read_file(file), relative.generic_string()});
        }
    } catch (const fs::filesystem_error& error) {
        throw Error("cannot read the program at " + path.string() + ": " + error.code().message());
    }
    return from_modules(std::move(modules));
}

std::shared_ptr<const Program> Program::from_modules(std::vector<Module> modules) {
    std::shared_ptr<Program> program(new Program);
    std::sort(modules.begin(), modules.end(),
              [](const Module& a, const Module& b) { return a.name < b.name; });
    program->modules_ = std::move(modules);
    Hasher hasher;
    for (std::size_t i = 0; i < program->modules_.size(); ++i) {
        Module& module = program->modules_[i];
        if (module.file.empty()) module.file = module_file(module.name);
        if (i > 0 && module.name == program->modules_[i - 1].name)
            throw Error("the module '" + module.name + "' is there twice");
        program->syntax_errors_.push_back(
            script::compile(module.source, module.file, program->bytecode_.emplace_back()));
        hasher.update_string(module.name);
        hasher.update_string(module.source);
        // Errors name it, and scripts see their texts.
        if (module.file != module_file(module.name)) hasher.update_string(module.file);
    }
    const std::size_t main = program->find("main");
    if (main == program->modules_.size()) throw Error("the program has no module 'main'");
    if (!program->syntax_error(main).empty()) throw Error(program->syntax_error(main));
    program->digest_ = hasher.digest();
    return program;
}

std::size_t Program::find(std::string_view name) const noexcept {
    const auto at = std::lower_bound(
        modules_.begin(), modules_.end(), name,
        [](const Module& module, std::string_view wanted) { return module.name < wanted; });
    if (at == modules_.end() || at->name != name) return modules_.size();
    return static_cast<std::size_t>(at - modules_.begin());
}

}  // namespace canon
