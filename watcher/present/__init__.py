"""What people are shown: status, files, menu, notifications, reports. Pure.

::

    status         the state of the program in one word, in one line, and in full
    view           signs, labels and tones of states; names made harmless
    listing        one file: its line, its details, its row in a CSV file
    menu           the icon's state, tooltip and menu
    notifications  which notifications a change is worth
    report         a day, week or month in numbers, and as a page
"""
