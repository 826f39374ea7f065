// The test program's entry point. Every other file under tests/ adds its cases to it.
#define BOOST_TEST_MODULE canon
#include <boost/test/unit_test.hpp>
