#pragma once

#include <string>

namespace berth::store {

/// Keeps other processes away from a database for as long as it lives, by a lock on the file `PATH.lock`. The
/// lock ends with the process, however that ends.
class Lock {
  public:
    /// Throws `conflict` (`data_directory_in_use`) naming the process that has it.
    explicit Lock(const std::string& path);
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

  private:
    int file_ = -1;
};

}  // namespace berth::store
