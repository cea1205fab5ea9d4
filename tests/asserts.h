/* Included by all tests: without the asserts of the code under test they could pass for the wrong reason. */
#ifndef TESTS_ASSERTS_H
#define TESTS_ASSERTS_H

#ifdef NDEBUG
#error "NDEBUG is defined: the tests need the asserts of the code that they run"
#endif

#endif
