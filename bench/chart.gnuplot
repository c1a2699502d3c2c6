# The chart of a run: the time of a call, from FOLDER/chart.dat (see report.py).
#
#   gnuplot -e "folder='FOLDER'" chart.gnuplot

set terminal svg size 1100, 860 background rgb "white" font "sans-serif,13"
set output folder . "/results.svg"
set multiplot layout 2, 2 title "Time of a call in milliseconds: less is better" font ",16"

set logscale xy
set grid ytics lc rgb "#dddddd" lt 1
set format y "%g"
set border 3
set tics nomirror
set rmargin 5
set key left top reverse Left samplen 2
set style line 1 lw 3 pt 7 ps 0.8 lc rgb "#0b6e4f"
set style line 2 lw 2 pt 5 ps 0.7 lc rgb "#d1495b"
set style line 3 lw 2 pt 9 ps 0.7 lc rgb "#7f7f7f" dt 2
set style line 4 lw 2 pt 11 ps 0.7 lc rgb "#edae49"

names = "'ours' 'hand-written SQL' 'limit' 'ORM service, from a client'"
data = folder . "/chart.dat"

do for [panel = 0:3] {
	set title word("'Track' 'History, newest page' 'Analytics, no range' 'Analytics, one month'", panel + 1)
	set xlabel panel < 2 ? "events in the log (pglz; 5 stands for 1 to 5)" : "assets of the tenant"
	if (panel < 2) { set xtics ("5" 5, "100" 100, "1,000" 1e3, "10,000" 1e4) } \
	else { set xtics ("1,000" 1e3, "10,000" 1e4, "100,000" 1e5, "1 million" 1e6) }
	plot for [i = 1:4] data index panel using 1:(column(i + 1)) with linespoints ls i title word(names, i)
}
unset multiplot
