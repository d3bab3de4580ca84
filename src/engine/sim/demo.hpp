#pragma once

#include "engine/engine.hpp"

/// What a simulated session answers, so that the demo mode has something to show.
namespace berth::engine::demo {

/// Two ends of one connection, each on its own loop.
std::pair<Stream, Stream> connect(asio::any_io_executor near, asio::any_io_executor far);

/// Answers each request with one page that names `who`, until the peer is gone.
Task<> answer(Stream stream, std::string who);

/// A terminal that greets and echoes.
std::unique_ptr<Process> terminal(asio::any_io_executor executor);

}  // namespace berth::engine::demo
