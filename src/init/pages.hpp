#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <utility>

namespace berth::init {

/// A buffer straight from the kernel, given back when its owner goes.
///
/// Untouched pages cost nothing, and nothing is ever left over in a heap: what process 1 holds is what is
/// open now.
class Pages {
  public:
    constexpr Pages() = default;

    /// Maps `size` zero bytes; the result is empty when there is no memory.
    explicit Pages(std::size_t size) : size_(size) {
        void* at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        data_ = at == MAP_FAILED ? nullptr : static_cast<char*>(at);
    }
    Pages(Pages&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Pages& operator=(Pages&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Pages() {
        if (data_ != nullptr) ::munmap(data_, size_);
    }

    char* data() const { return data_; }
    explicit operator bool() const { return data_ != nullptr; }

  private:
    char* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace berth::init
