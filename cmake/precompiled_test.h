// What the tests include besides (cmake/rooms.cmake).
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <ranges>
#include <sstream>

#include "precompiled.h"
