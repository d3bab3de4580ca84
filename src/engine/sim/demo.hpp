#pragma once

#include "engine/engine.hpp"

/// What a simulated session answers, so that the demo mode has something to show.
namespace berth::engine::demo {

/// Two ends of one connection, each on its own loop.
std::pair<Stream, Stream> connect(asio::any_io_executor near, asio::any_io_executor far);

/// The page, with its head, of what `who` names.
std::string page_of(std::string_view who);
/// Answers each request with that page, and when it is empty not at all, until the peer is gone.
Task<> answer(Stream stream, std::string page);

/// A terminal that greets and echoes. The line `exit`, Ctrl-D, and the end of its input end it with status 0,
/// a signal as it ends a shell's child.
std::unique_ptr<Process> terminal(asio::any_io_executor executor);

/// A program that says what would have run and ends with status 0, whatever its input.
std::unique_ptr<Process> program(asio::any_io_executor executor, const std::vector<std::string>& command);

}  // namespace berth::engine::demo
