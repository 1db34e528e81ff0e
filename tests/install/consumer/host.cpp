#include <dlfcn.h>

#include <cstdio>
#include <cstring>
#include <future>
#include <thread>
#include <vector>

// A host without the SDK: loads plug-ins that have it.
//
//   host share FIRST SECOND   the first opens a span, the second records below it: one SDK or two?
//   host unload PLUGIN...     records, unloads all, lets threads end and exits without shutdown

namespace {

template <typename F>
F* find(void* plugin, const char* name) {
  void* found = dlsym(plugin, name);
  if (found == nullptr) std::printf("%s\n", dlerror());
  return reinterpret_cast<F*>(found);
}

void* load(const char* path) {
  void* plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (plugin == nullptr) std::printf("%s\n", dlerror());
  return plugin;
}

int share(const char* first_path, const char* second_path) {
  void* first = load(first_path);
  void* second = load(second_path);
  if (first == nullptr || second == nullptr) return 1;
  if (find<int()>(first, "plugin_start")() == 0) return 2;
  char opened[33] = {};
  char recorded[33] = {};
  find<void(char*)>(first, "plugin_open")(opened);
  find<void(char*)>(second, "plugin_record")(recorded);
  std::printf("%s\n", std::strcmp(opened, recorded) == 0 ? "one SDK" : "two SDKs");
  return 0;
}

void record_all(const std::vector<void*>& plugins) {
  for (void* plugin : plugins) {
    char trace_id[33] = {};
    find<void(char*)>(plugin, "plugin_record")(trace_id);
  }
}

int unload(int count, char** paths) {
  std::vector<void*> plugins;
  for (int i = 0; i < count; ++i) {
    plugins.push_back(load(paths[i]));
    if (plugins.back() == nullptr) return 1;
    if (find<int()>(plugins.back(), "plugin_start")() == 0) return 2;
  }
  // Half of the threads end before the code goes, half after: all have state of the SDK's.
  constexpr std::size_t kThreads = 8;
  std::promise<void> gate;
  const std::shared_future<void> is_unloaded = gate.get_future().share();
  std::vector<std::promise<void>> recorded(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      record_all(plugins);
      recorded[i].set_value();
      if (i % 2 == 1) is_unloaded.wait();
    });
  }
  for (std::promise<void>& done : recorded) done.get_future().wait();
  for (std::size_t i = 0; i < kThreads; i += 2) threads[i].join();
  record_all(plugins);
  for (void* plugin : plugins) dlclose(plugin);
  gate.set_value();
  for (std::size_t i = 1; i < kThreads; i += 2) threads[i].join();
  std::printf("unloaded\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "share") == 0) return share(argv[2], argv[3]);
  if (argc >= 3 && std::strcmp(argv[1], "unload") == 0) return unload(argc - 2, argv + 2);
  return 64;
}
